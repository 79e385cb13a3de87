"""Write a sentence-transformers model down for ONNX Runtime: `python -m search.onnx_export SOURCE FOLDER`.

A process of its own, so that no process of the site ever holds PyTorch for it. FOLDER gets `model.onnx` (token numbers
to an L2-normalised vector) with its `weights.bin`, `tokenizer.json` and `about.json`. Whether both give the same
vectors is checked before FOLDER gets its name; where they do not, or where the model cannot be written down,
`about.json` alone says why, and the site goes on with PyTorch.

Exit codes: 0 written, whether usable or not; UNREADABLE the model cannot be loaded, why in the last line of the
standard error.
"""

import json
import shutil
import sys
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np

from search.encoder import sentence_transformer
from search.onnx_model import UNREADABLE, OnnxModel, UnloadableError

SAME = 0.9999  # the least cosine of the two vectors of a text
# Of one word, of many, of none, of signs, with TeX, in other scripts, longer than any model reads.
SAMPLES = (
    "attention",
    "graph neural networks",
    "how do galaxies form in the early universe?",
    "",
    "( ) [ ] $ % & \\ ...",
    "Bounds on $\\sum_{n=1}^{\\infty} \\mu(n) n^{-s}$ near the line $\\sigma = 1$",
    "Schrödinger equations with Lévy noise",
    "扩散模型的采样加速",
    "Обучение с подкреплением",
    "We measure what a wider beam costs. " * 4,
    "a study of the transport of heat in layered crystals at low temperatures, with a model of phonons " * 40,
)


def main(source: str, folder: str) -> int:
    """Write the model at `source` (a folder or a name) into `folder`, which must not be there."""
    warnings.simplefilter("ignore")
    target = Path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        try:
            model = _load(source)
        except UnloadableError as error:
            print(error, file=sys.stderr)
            return UNREADABLE
        try:
            about = _write(model, aside)
        except (OSError, MemoryError):  # no fault of the model
            raise
        except Exception as error:  # whatever an unusual model meets on its way, PyTorch does it then
            about = {"refused": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}
        if "refused" in about:
            for file in aside.iterdir():
                file.unlink()
        (aside / "about.json").write_text(json.dumps(about), encoding="utf-8")
        aside.chmod(0o755)
        aside.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return 0


def _load(source: str) -> Any:
    try:
        # The plain form of attention is the one that is written down as it is computed.
        return sentence_transformer(source, device="cpu", model_kwargs={"attn_implementation": "eager"})
    except (OSError, ValueError) as error:
        raise UnloadableError(str(error).strip().splitlines()[0]) from error


def _write(model: Any, folder: Path) -> dict[str, Any]:
    """Write both files; returns what `about.json` says."""
    import torch

    if model.default_prompt_name or any(model.prompts.values()):
        return {"refused": "the model wants prompts"}
    tokenizer = model.tokenizer
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in tokenizer.model_input_names]

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            made = self.model(dict(zip(names, inputs, strict=True)))["sentence_embedding"]
            return torch.nn.functional.normalize(made, dim=1)

    whole = Whole()
    whole.eval()
    whole.requires_grad_(False)
    example = tokenizer(["two texts", "of unequal length here"], padding=True, return_tensors="pt")
    with TemporaryDirectory(dir=folder) as exported, torch.no_grad():
        torch.onnx.export(
            whole,
            tuple(example[name] for name in names),
            f"{exported}/model.onnx",
            input_names=names,
            output_names=["vector"],
            dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names},
            dynamo=False,
        )
        _with_weights_beside(f"{exported}/model.onnx", folder / "model.onnx")
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    about = {
        "dimension": int(model.get_embedding_dimension()),
        "length": int(model.max_seq_length or tokenizer.model_max_length),
        "inputs": names,
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")
    return about | _compared(model, folder)


def _with_weights_beside(source: str, target: Path) -> None:
    """Write a model down again with its weights in a file of their own, which ONNX Runtime maps into memory: what it
    looks up in them, half of a small model, belongs to the file and to no process."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # What holds on every machine; what is this one's own is done at each start.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    prefix = "session.optimized_model_external_initializers_"
    options.add_session_config_entry(f"{prefix}file_name", "weights.bin")
    options.add_session_config_entry(f"{prefix}min_size_in_bytes", "1024")
    onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def _compared(model: Any, folder: Path) -> dict[str, Any]:
    """The least cosine of both vectors of each sample; a refusal where that is too little."""
    theirs = model.encode(list(SAMPLES), normalize_embeddings=True, show_progress_bar=False)
    ours = OnnxModel(folder).encode(SAMPLES)
    least = float(np.einsum("nd,nd->n", ours, theirs).min())
    if least < SAME:
        return {"refused": f"its vectors differ: cosine {least:.6f}"}
    return {"least": least}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
