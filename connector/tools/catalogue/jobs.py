"""Answers that were pending."""

from typing import Final

from connector.tools import jobs
from connector.tools.schemas import takes, text
from connector.tools.tool import Tool

GET_JOB: Final = Tool(
    name="get_job",
    title="Get a pending answer",
    description="Use this when an answer came back as pending with a job: returns the exact answer once it is worked out, else pending again.",
    input_schema=takes(("job",), job=text("The job's id")),
    run=jobs.get_job,
    invoking="Looking",
    invoked="Looked",
    required=("job",),
)
