"""What the commands of recognition share: a bar while a method learns, and its figures after."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from search.models import RecogniserFit
from search.services import recogniser_fit


def fit_shown(method: str, *, shots: int = 0) -> RecogniserFit:
    """Fit in the foreground with progress on stderr."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task(f"{method}: reading photos", total=None)

        def tell(fit: RecogniserFit) -> None:
            progress.update(
                bar, description=f"{method}: {fit.doing.lower()}", completed=fit.count,
                total=fit.total or None,
            )  # fmt: skip

        return recogniser_fit(method=method, shots=shots, progress=tell)


def fit_told(fit: RecogniserFit) -> str:
    """A line for the terminal."""
    learned = f"{fit.method}: {fit.photos} photos of {fit.shoe_models} models"
    if fit.shots:
        learned += f", at most {fit.shots} of each"
    if not fit.figures:
        return f"{learned}; too few photos to calibrate it"
    figures = fit.figures
    return (
        f"{learned}; held out: top-1 {figures['top1']:.3f}, calibration error "
        f"{figures['ece']:.3f}, unknown models named {figures['false_names']:.0%}"
    )
