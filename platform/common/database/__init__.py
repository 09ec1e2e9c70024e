"""PostgreSQL as Django's own backend has it, with a health check that sends nothing (`base`)."""
