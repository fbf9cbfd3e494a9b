"""Where tensors train: the CPU or a GPU, how a GPU multiplies, and how a lack of memory is told from other faults."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

NO_GPU = "No GPU is at hand, so this ran on the CPU."
GPU_FULL = "The GPU ran out of memory, so this was trained on the CPU."


def find_device(wanted: str | None = None) -> torch.device:
    """Return the wanted device, by default a GPU; the CPU where no GPU is at hand."""
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def device_name(device: torch.device) -> str:
    """Return what a person calls this device, such as "CPU, 2 threads"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' * (threads > 1)}"


@contextmanager
def tensor_cores(device: torch.device) -> Iterator[None]:
    """Let a GPU multiply with TF32's eleven bits; sums, moments and the loss stay in float32."""
    if device.type != "cuda":
        yield
        return
    before = torch.backends.cuda.matmul.fp32_precision
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    try:
        yield
    finally:
        torch.backends.cuda.matmul.fp32_precision = before


def out_of_memory(error: BaseException | None) -> bool:
    """Return True when the error, or one that it hides, is a lack of memory on the GPU or on the CPU.

    Ending the recording of a CUDA graph may fail in its turn, over the error that broke it off; CUDA's runtime, cuBLAS
    and the CPU's allocator are told by their words.
    """
    words = ("can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDA error: out of memory")
    while error is not None:
        if isinstance(error, torch.OutOfMemoryError | MemoryError) or any(part in str(error) for part in words):
            return True
        error = error.__cause__ or error.__context__
    return False
