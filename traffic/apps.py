from django.apps import AppConfig


class TrafficConfig(AppConfig):
    name = "traffic"
    verbose_name = "Traffic"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell which changes of ours take two people."""
        from governance import four_eyes
        from traffic.services import RAISING

        four_eyes.register(RAISING)
