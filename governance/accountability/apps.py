from django.apps import AppConfig


class AccountabilityConfig(AppConfig):
    name = "governance.accountability"
    label = "accountability"
    verbose_name = "Accountability"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from governance.accountability import emergencies, holds, oversight, readings, schedules

        readings.register()
        oversight.register()
        emergencies.register()
        holds.register()
        schedules.register()
