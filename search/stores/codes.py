"""Vectors in 8 bits beside the exact ones: read first, because reading them takes a quarter.

A search of everything waits for memory. Each vector is rounded to one byte a dimension on a scale
of its own, a query to two digits of seven bits. Their products are whole numbers, taken by
onnxruntime's ``MatMulInteger``, and by the Cauchy-Schwarz inequality no product is further from
the true one than the lengths of what was rounded away allow: .007 for vectors of 256 dimensions.
What could still be among the best is then scored anew from the exact vectors (`contenders`), so
nothing is ever decided by the codes alone.

Digits are of seven bits, because pairs of products are added in 16 bits by processors without VNNI.
"""

from __future__ import annotations

import threading
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from search.types import Vectors

CODED_FROM: Final = 20_000
"""Vectors from which on codes pay: fewer are read whole in a millisecond."""
CODED_UP_TO: Final = 2**30
"""Bytes of codes: onnxruntime takes no graph of 2 GB."""
THREADS: Final = 2
"""Of one product: the codes fit into caches of today, and then two cores take half the time."""

_HIGHEST: Final = 127
_DIGIT: Final = 63
_ZERO: Final = 64
"""What stands for 0 in a digit: they are sent as whole numbers without a sign."""
_CHUNK: Final = 4096
_ROUNDING: Final = np.float32(2e-6)
"""Of the few float32 operations on products that are not larger than 1."""

Floats = npt.NDArray[np.float32]


class Codes:
    """``vectors``, (n, dim), coded at the first use: 0.2 s and 29 MB for 100,000 of 256."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors
        self._lock = threading.Lock()
        self._session: Any = None
        self._rests: Floats = np.empty(0, np.float32)
        """(n,): the length of what was rounded away of each vector."""

    def scores(self, queries: Vectors) -> tuple[Floats, Floats]:
        """Products of all vectors with each of (m, dim), all of unit length: (m, n); and how far
        those of each vector may be from the true ones, (n,)."""
        with self._lock:
            if self._session is None:
                self._session = self._packed()
        exact = queries.astype(np.float64)
        coarse = np.maximum(np.abs(exact).max(axis=1, initial=0.0), 1e-30) / _DIGIT
        high = np.rint(exact / coarse[:, None])
        fine = coarse / (2 * _DIGIT)
        low = np.rint((exact - high * coarse[:, None]) / fine[:, None])
        digits = np.stack([high, low], axis=1).reshape(-1, exact.shape[1])
        values = np.zeros((len(exact), 2 * len(exact)), np.float32)
        every = np.arange(len(exact))
        values[every, 2 * every], values[every, 2 * every + 1] = coarse, fine
        found: Floats = self._session.run(
            None, {"digits": (digits + _ZERO).astype(np.uint8), "values": values}
        )[0]
        left = exact - high * coarse[:, None] - low * fine[:, None]
        # |q·v - q'·v'| ≤ |q||v - v'| + |q - q'||v'|, and |v'| ≤ 1 + |v - v'|.
        most = np.float32(np.linalg.norm(left, axis=1).max(initial=0.0))
        return found, self._rests * (1 + most) + (most + _ROUNDING)

    def _packed(self) -> Any:
        """A session that holds the codes in the order in which its kernel reads them."""
        import onnxruntime
        from onnx import StringStringEntryProto, TensorProto, helper, numpy_helper

        codes, scales = self._coded()
        dim, count = codes.shape
        # As if they lay in a file, and given beside: in the graph they would be copied three times.
        elsewhere = TensorProto(
            name="codes",
            data_type=TensorProto.INT8,
            dims=codes.shape,
            data_location=TensorProto.EXTERNAL,
            external_data=[StringStringEntryProto(key="location", value="memory")],
        )
        graph = helper.make_graph(
            [
                helper.make_node("MatMulInteger", ["digits", "codes", "zero"], ["whole"]),
                helper.make_node("Cast", ["whole"], ["cast"], to=TensorProto.FLOAT),
                helper.make_node("MatMul", ["values", "cast"], ["joined"]),
                helper.make_node("Mul", ["joined", "scales"], ["scores"]),
            ],
            "codes",
            [
                helper.make_tensor_value_info("digits", TensorProto.UINT8, ["digits", dim]),
                helper.make_tensor_value_info("values", TensorProto.FLOAT, ["queries", "digits"]),
            ],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["queries", count])],
            [
                elsewhere,
                numpy_helper.from_array(scales, "scales"),
                numpy_helper.from_array(np.array(_ZERO, np.uint8), "zero"),
            ],
        )
        opsets = [helper.make_opsetid("", 17)]
        # What onnxruntime reads may lag behind what onnx writes.
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=helper.find_min_ir_version_for(opsets)
        )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = THREADS
        options.inter_op_num_threads = 1
        # Waiting threads sleep instead of spinning: web, worker and database share the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.enable_cpu_mem_arena = False  # it would keep what packing took
        given = onnxruntime.OrtValue.ortvalue_from_numpy(codes)
        options.add_external_initializers(["codes"], [given])
        return onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def _coded(self) -> tuple[npt.NDArray[np.int8], Floats]:
        """Codes, (dim, n), and the scale of each, (n,); learns how far they are off."""
        count, dim = self._vectors.shape
        codes, scales = np.empty((dim, count), np.int8), np.empty(count, np.float32)
        self._rests = np.empty(count, np.float32)
        for at in range(0, count, _CHUNK):
            part = self._vectors[at : at + _CHUNK]
            scale = np.maximum(np.abs(part).max(axis=1), np.float32(1e-30)) / _HIGHEST
            rounded = np.rint(part / scale[:, None])
            rest = np.linalg.norm(part - rounded * scale[:, None], axis=1)
            self._rests[at : at + _CHUNK] = rest
            codes[:, at : at + _CHUNK], scales[at : at + _CHUNK] = rounded.T, scale
        return codes, scales
