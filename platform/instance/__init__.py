"""One running instance: embedded services, database roles, child processes. Knows no Django and no app.

`python -m instance run | demo | services` is what `make run` and `make demo` call.
"""
