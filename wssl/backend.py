"""Keras with the global settings that the study computes under, whatever ``keras.json`` says.

Other settings would give other numbers under the same fingerprint. Modules that compute import
`keras` and `ops` from here.
"""

import keras
from keras import ops

keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")

__all__ = ["keras", "ops"]
