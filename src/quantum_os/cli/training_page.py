"""How `quantum-os report` makes the page of a training again, from what the training wrote."""

from pathlib import Path

from quantum_os.cli.console import out, print_json, refuse
from quantum_os.kernel.unreadable import UNREADABLE
from quantum_os.learning.report.written import NoLibrary
from quantum_os.learning.training.page_writing import write_page
from quantum_os.learning.training.places import REPORT, read_report


def remake(folder: Path, *, as_json: bool) -> Path:
    """Writes the page and says where it is; refuses in one line what it cannot read."""
    file = folder / REPORT
    try:
        report = read_report(file)
        page = write_page(folder, report)
    except UNREADABLE as error:
        refuse(f"{file}: of another release, or damaged: {error}")
    except NoLibrary as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"{error.filename or file}: {error.strerror or error}")
    if as_json:
        print_json({"files": {page.name: str(page)}, "verdict": report.verdict})
    else:
        out.print(report.verdict, highlight=False, soft_wrap=True)
        out.print(f"written to {page}", highlight=False, soft_wrap=True)
    return page
