"""Models small enough for a test: random weights, real files in the layout of the real ones."""

from __future__ import annotations

import io
import json
from pathlib import Path

from tests.search.encoders.clip_folder import build_clip_folder

LAYERS = {"hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 2}
WORDS = ["a red running shoe", "white leather sneaker", "black high top boot", "brown sandal"]


def build_siglip_folder(folder: Path, *, seed: int = 0) -> Path:
    """A 2-layer SigLIP with a sentencepiece vocabulary, as transformers saves one."""
    import sentencepiece
    import torch
    from transformers import SiglipConfig, SiglipModel, SiglipProcessor, SiglipTokenizer
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    folder.mkdir(parents=True)
    pieces = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(WORDS * 3), model_writer=pieces, vocab_size=60,
        hard_vocab_limit=False, unk_id=2, pad_id=-1, bos_id=-1, eos_id=1, minloglevel=2,
    )  # fmt: skip
    (folder / "spiece.model").write_bytes(pieces.getvalue())
    # As the published models: sentences are padded to their full length, and nothing is masked.
    tokenizer = SiglipTokenizer(
        vocab_file=str(folder / "spiece.model"), model_max_length=16,
        model_input_names=["input_ids"],
    )  # fmt: skip
    heads = {**LAYERS, "num_attention_heads": 2}
    config = SiglipConfig(
        text_config={
            **heads,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 16,
            "projection_size": 24,
            "bos_token_id": None,
            "eos_token_id": 1,
        },
        vision_config={**heads, "image_size": 32, "patch_size": 8},
    )
    torch.manual_seed(seed)
    SiglipModel(config).eval().save_pretrained(folder)
    pixels = SiglipImageProcessorPil(size={"height": 32, "width": 32})
    SiglipProcessor(image_processor=pixels, tokenizer=tokenizer).save_pretrained(folder)
    return folder


def build_pair(folder: Path, *, dim: int = 24, seed: int = 0) -> tuple[Path, Path]:
    """The multilingual text tower, DistilBERT → mean → Dense, and beside it the CLIP it is for.

    In the layout of clip-ViT-B-32-multilingual-v1 of sentence-transformers, and so named.
    """
    import torch
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

    image = build_clip_folder(folder / "clip-ViT-B-32", dim=dim, seed=seed)
    text = folder / "clip-ViT-B-32-multilingual-v1"
    text.mkdir()
    letters = [chr(c) for c in range(33, 127)] + list("빨간신발")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *(f"##{c}" for c in letters)]
    ids = {token: i for i, token in enumerate(vocabulary)}
    pieces = Tokenizer(models.WordPiece(vocab=ids, unk_token="[UNK]"))
    pieces.normalizer = normalizers.BertNormalizer(lowercase=False)
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pieces.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    PreTrainedTokenizerFast(
        tokenizer_object=pieces, model_max_length=32, pad_token="[PAD]", unk_token="[UNK]",
        cls_token="[CLS]", sep_token="[SEP]", model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(text)  # fmt: skip
    torch.manual_seed(seed)
    config = DistilBertConfig(
        vocab_size=len(vocabulary), dim=32, hidden_dim=64, n_layers=2, n_heads=2,
        max_position_embeddings=64,
    )  # fmt: skip
    DistilBertModel(config).eval().save_pretrained(text)
    home = "sentence_transformers.models"
    modules = [("0", "", "Transformer"), ("1", "1_Pooling", "Pooling"), ("2", "2_Dense", "Dense")]
    told = [{"idx": int(i), "name": i, "path": p, "type": f"{home}.{t}"} for i, p, t in modules]
    _json(text / "modules.json", told)
    _json(text / "sentence_bert_config.json", {"max_seq_length": 32, "do_lower_case": False})
    _json(
        text / "1_Pooling" / "config.json",
        {"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True},
    )
    _json(
        text / "2_Dense" / "config.json",
        {
            "in_features": 32,
            "out_features": dim,
            "bias": False,
            "activation_function": "torch.nn.modules.linear.Identity",
        },
    )
    save_file({"linear.weight": torch.randn(dim, 32)}, str(text / "2_Dense" / "model.safetensors"))
    return text, image


def _json(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value))
