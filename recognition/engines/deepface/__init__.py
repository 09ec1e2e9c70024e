"""The detectors and recognisers of the deepface library behind `FaceEngine`. No other package imports it."""
