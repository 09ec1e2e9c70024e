from django.apps import AppConfig


class VettingConfig(AppConfig):
    name = "governance.vetting"
    label = "vetting"
    verbose_name = "Vetting"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from governance import four_eyes
        from governance.vetting.deciding import KINDS

        for kind in KINDS:
            four_eyes.register(kind)
