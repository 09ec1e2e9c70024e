from django.apps import AppConfig


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Custos"

    def ready(self) -> None:
        # The system checks register themselves; the Celery application is what web and commands send tasks through.
        from config import celery, checks  # noqa: F401
