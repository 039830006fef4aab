#!/usr/bin/python3
"""Compares the pictures that vpinfer sees with cv2.imread's: eight Exif orientations in JPEG and PNG, in both byte orders,
kinds of PNG, CMYK, grey, progressive and cut-off JPEGs. The network passes its input through.

    pictures_oracle.py --vpinfer build/release/vpinfer
"""

import argparse
import ctypes
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import cv2
import h5py
import numpy as np

from darknet_files import OracleError, run_quietly

ROWS, COLUMNS = 40, 56
MOST_MEAN_DIFFERENCE = 0.01  # of 255

PASS_THROUGH = """[net]
width={columns}
height={rows}
channels=3

[convolutional]
filters=3
size=1
stride=1
pad=0
activation=linear
"""


def picture():
    """Coloured waves without symmetry, [rows][columns][3]."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS]
    waves = [np.sin(x / 9 + y / 21), np.cos(x / 15 - y / 7), np.sin(x * y / 300)]
    return (127.5 + 127 * np.stack(waves, 2)).astype(np.uint8)


def exif(orientation, order):
    """TIFF data with one tag, in the byte order < or >."""
    return ({"<": b"II", ">": b"MM"}[order]
            + struct.pack(f"{order}HIHHHIHHI", 42, 8, 1, 0x112, 3, 1, orientation, 0, 0))


def jpeg(pixels, *options, tags=b"", comment=b""):
    """With Exif data, and a comment in front of that, if they are given."""
    data = cv2.imencode(".jpg", pixels, list(options))[1].tobytes()
    front = data[:2]
    for marker, segment in ((b"\xff\xfe", comment), (b"\xff\xe1", tags and b"Exif\0\0" + tags)):
        if segment:
            front += marker + struct.pack(">H", len(segment) + 2) + segment
    return front + data[2:]


def cmyk_jpeg(pixels):
    """[rows][columns][4], written by libturbojpeg, which has no other way in than C's."""
    library = ctypes.CDLL("libturbojpeg.so.0")
    library.tjInitCompress.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(library.tjInitCompress())
    data, size = ctypes.c_void_p(), ctypes.c_ulong()
    cmyk, no_subsampling, quality = 11, 0, 90
    if library.tjCompress2(handle, np.ascontiguousarray(pixels).ctypes.data_as(ctypes.c_void_p), COLUMNS, 0, ROWS, cmyk,
                           ctypes.byref(data), ctypes.byref(size), no_subsampling, quality, 0):
        raise OracleError("libturbojpeg cannot write CMYK")
    content = ctypes.string_at(data, size.value)
    library.tjFree(data)
    library.tjDestroy(handle)
    return content


def png(pixels, depth, colour, extra=(), interlaced=False):
    """A PNG of rows of bytes, with extra chunks in front of its pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", COLUMNS, ROWS, depth, colour, 0, 0, int(interlaced))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunk(*item) for item in extra)
            + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row.tobytes() for row in pixels))) + chunk(b"IEND", b""))


def files():
    """Names and contents."""
    pixels = picture()
    rgb, grey = pixels[:, :, ::-1], pixels[:, :, 0]
    alpha = np.arange(ROWS * COLUMNS, dtype=np.uint32).reshape(ROWS, COLUMNS, 1).astype(np.uint8)
    sixteen = (pixels.astype(np.uint32) * 251 + 77).astype(">u2")
    indices = (np.arange(ROWS)[:, None] * 3 + np.arange(COLUMNS)) % 4
    packed = np.packbits(np.unpackbits(indices.astype(np.uint8)[..., None], axis=2)[..., 6:].reshape(ROWS, -1), axis=1)
    palette = (b"PLTE", bytes([9, 99, 199, 30, 60, 90, 250, 10, 120, 77, 88, 66]))
    for orientation in range(10):
        for order in "<>":
            tags = exif(orientation, order)
            yield f"orientation-{orientation}{order}.jpg", jpeg(pixels, tags=tags)
            yield f"orientation-{orientation}{order}.png", png(rgb, 8, 2, [(b"eXIf", tags)])
    yield "comment.jpg", jpeg(pixels, tags=exif(6, "<"), comment=b"made by hand")
    yield "grey.jpg", jpeg(grey)
    yield "progressive.jpg", jpeg(pixels, cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
    yield "restarts.jpg", jpeg(pixels, cv2.IMWRITE_JPEG_RST_INTERVAL, 2)
    whole = jpeg(pixels)
    yield "cmyk.jpg", cmyk_jpeg(np.concatenate([pixels, alpha], 2))
    yield "no-end.jpg", whole[:-2]
    yield "cut-off.jpg", whole[:len(whole) * 2 // 3]
    yield "gamma.png", png(rgb, 8, 2, [(b"gAMA", struct.pack(">I", 100000))])
    yield "transparent.png", png(np.concatenate([rgb, alpha], 2), 8, 6)
    yield "transparent-colour.png", png(rgb, 8, 2, [(b"tRNS", struct.pack(">HHH", *map(int, rgb[0, 0])))])
    yield "transparent-grey.png", png(np.stack([grey, alpha[:, :, 0]], 2), 8, 4)
    yield "16-bit.png", png(sixteen, 16, 2)
    yield "16-bit-grey.png", png(sixteen[:, :, 0], 16, 0)
    yield "16-bit-transparent.png", png(np.concatenate([sixteen, sixteen[:, :, :1]], 2), 16, 6)
    yield "palette.png", png(packed, 2, 3, [palette])
    yield "transparent-palette.png", png(packed, 2, 3, [palette, (b"tRNS", bytes([0, 255, 128]))])
    yield "2-bit-grey.png", png(packed, 2, 0)


class PassThrough:
    """A model that gives the picture as it is, by its extent."""

    def __init__(self, program, directory):
        self.program = program.resolve()
        self.directory = directory

    def model(self, rows, columns):
        path = self.directory / f"{rows}x{columns}.h5"
        if not path.exists():
            cfg, weights = path.with_suffix(".cfg"), path.with_suffix(".weights")
            cfg.write_text(PASS_THROUGH.format(rows=rows, columns=columns))
            identity = np.concatenate([np.zeros(3), np.eye(3).ravel()]).astype("<f4")
            weights.write_bytes(struct.pack("<iiiq", 0, 2, 5, 0) + identity.tobytes())
            run_quietly([self.program, "import", cfg, weights, "-o", path])
        return path

    def see(self, path, rows, columns):
        """The picture that vpinfer reads, [rows][columns][3] of 0..255."""
        dump = self.directory / "dump.h5"
        dump.unlink(missing_ok=True)
        run_quietly([self.program, "run", "--model", self.model(rows, columns), "--input", path, "--dump-output", dump])
        with h5py.File(dump) as file:
            return next(iter(file["output"].values()))[()] * 255


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vpinfer", type=Path, required=True, help="the program to judge")
    arguments = parser.parse_args()
    failures = count = 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        program = PassThrough(arguments.vpinfer, directory)
        for count, (title, content) in enumerate(files(), 1):
            path = directory / title
            path.write_bytes(content)
            expected = cv2.imread(str(path))[:, :, ::-1].astype(np.float32)
            # A picture that is not turned leaves a grey margin.
            difference = np.abs(program.see(path, *expected.shape[:2]) - expected).mean()
            if not difference < MOST_MEAN_DIFFERENCE:
                failures += 1
                print(f"{title}: the mean difference is {difference:.3f} of 255")
    print(f"{count - failures} of {count} pictures are as cv2.imread reads them")
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except OracleError as error:
        print(f"pictures_oracle: {error}", file=sys.stderr)
        sys.exit(2)
