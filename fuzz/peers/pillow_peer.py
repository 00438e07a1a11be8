"""Pillow: an image turned upright as Exif says and in RGB, as a PPM file."""

import io

import numpy as np
import PIL
from PIL import Image, ImageOps, features

import peer


def read(content):
    image = Image.open(io.BytesIO(content))
    image.load()
    if image.mode.startswith("I;16") or image.mode == "I":
        # 16 bits of grey, which its convert cuts off at 255 instead of keeping the upper ones.
        exif = image.getexif()
        image = Image.fromarray((np.asarray(image).astype("<u4") >> 8).astype("u1"))
        image.getexif().update(exif)
    image = ImageOps.exif_transpose(image).convert("RGB")
    return f"P6\n{image.width} {image.height}\n255\n".encode() + image.tobytes()


name = "libjpeg-turbo" if features.check_feature("libjpeg_turbo") else "jpg"
jpeg = features.version_feature("libjpeg_turbo") if name == "libjpeg-turbo" else features.version_codec("jpg")
peer.serve(f"Pillow {PIL.__version__}, {name} {jpeg}, zlib {features.version_codec('zlib')}", read)
