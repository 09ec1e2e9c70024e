from django.apps import AppConfig


class RecognitionConfig(AppConfig):
    name = "recognition"
    verbose_name = "Recognition"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the engine registry where its files are, and governance who knows of
        evaluations and of the pictures that reviewers look at. Nothing is opened."""
        from django.conf import settings

        from governance.casework.ports import register_review_picture
        from governance.ports import (
            register_collections,
            register_fact,
            register_offered_versions,
            register_open_jobs,
            register_scales,
        )
        from recognition.engines import registry
        from recognition.selectors.retention import gallery_kept_days
        from recognition.services.collections import ids_of
        from recognition.services.engines import offered_versions
        from recognition.services.evaluations import evaluations, scale
        from recognition.services.open_jobs import open_jobs_of
        from recognition.services.portraits import review_picture

        registry.configure(models_dir=settings.CUSTOS_MODELS_DIR, runtime=settings.CUSTOS_RUNTIME)
        register_fact("evaluations", evaluations)
        register_fact("gallery_kept_days", gallery_kept_days)
        register_scales(scale)
        register_open_jobs(open_jobs_of)
        register_collections(ids_of)
        register_offered_versions(offered_versions)
        register_review_picture(review_picture)
