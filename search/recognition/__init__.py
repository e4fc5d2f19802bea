"""Which model is it? Methods behind one protocol, calibrated, and able to say "we do not have it".

``Recogniser.fit(method, gallery, space)`` is pure: vectors and labels in, a judge out. Evaluation
and serving share it.
"""

from search.recognition.gallery import Facts, Gallery
from search.recognition.looks import Upright
from search.recognition.recogniser import Judgement, Recogniser, nearest_similarity
from search.recognition.registry import DEFAULT, METHODS, method_named
from search.recognition.serving import identify, upright_vector, upright_vectors
from search.recognition.voting import KNOWN_CONFIDENCE, NEIGHBOURS, TEMPERATURE, knn_vote

__all__ = [
    "DEFAULT",
    "KNOWN_CONFIDENCE",
    "METHODS",
    "NEIGHBOURS",
    "TEMPERATURE",
    "Facts",
    "Gallery",
    "Judgement",
    "Recogniser",
    "Upright",
    "identify",
    "knn_vote",
    "method_named",
    "nearest_similarity",
    "upright_vector",
    "upright_vectors",
]
