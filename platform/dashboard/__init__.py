"""The pages that members of a tenant work with: server-rendered, the only reader of all apps."""
