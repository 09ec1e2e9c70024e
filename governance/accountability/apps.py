from django.apps import AppConfig


class AccountabilityConfig(AppConfig):
    name = "governance.accountability"
    label = "accountability"
    verbose_name = "Accountability"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from governance.accountability import emergencies, oversight, readings

        readings.register()
        oversight.register()
        emergencies.register()
