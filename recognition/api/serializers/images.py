"""Answers about images that faces were enrolled from."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from recognition.models import Image


class ImageResponse(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    collection = serializers.CharField()
    width = serializers.IntegerField(help_text="Pixels of the upright image.")
    height = serializers.IntegerField()
    format = serializers.CharField(help_text="JPEG, PNG or WEBP.")
    digest = serializers.CharField(help_text="SHA-256 of the file as it was sent, hexadecimal.")
    is_kept = serializers.BooleanField(help_text="Whether the picture itself can be read and used by its id.")
    size_bytes = serializers.IntegerField(allow_null=True, help_text="Of the kept picture.")
    created_at = serializers.DateTimeField()


def image_of(image: Image) -> dict[str, Any]:
    """Return the members of `ImageResponse`."""
    return {
        "id": image.id,
        "collection": image.collection.name,
        "width": image.width,
        "height": image.height,
        "format": image.format,
        "digest": image.digest,
        "is_kept": image.file is not None,
        "size_bytes": image.file.size_bytes if image.file else None,
        "created_at": image.created_at,
    }
