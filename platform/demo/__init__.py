"""The demonstration: a small world of four tenants, and a story that runs in it. Installed in development only."""
