"""The edge that unmodified AWS SDKs speak to: Amazon Rekognition's protocol, put into words of our own use-cases."""
