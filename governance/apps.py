from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    name = "governance"
    verbose_name = "Governance"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from governance.selectors import suspended_kinds
        from governance.services.changes import register_all
        from tenants.ports import register_suspensions

        register_suspensions(suspended_kinds)
        register_all()
