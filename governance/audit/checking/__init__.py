"""The verifier of the audit log: Python's standard library and `cryptography`, nothing of Custos, nothing of Django.

`manage.py audit verify` runs these functions over the database. `manage.py audit verifier FILE` packs them into one
file that verifies an export anywhere: `python FILE EXPORT.zip --keys KEYS`. Exit code 0: sound; 2: tampered with;
3: incomplete (nothing false was found, but something is missing).
"""
