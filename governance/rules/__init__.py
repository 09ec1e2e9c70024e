"""The rules, one module a family: each is one small function and one `Rule` record beside it.

To add a rule: write its check in the module of its family, add its record to that module's `RULES`, declare any new
fact in `governance.facts`, and add its rows to `tests/governance/test_policies_rules.py`. `governance.catalogue`
puts the families in order.
"""
