"""Scoped reading of rows: every function takes the tenant and runs inside its `tenant_scope`."""
