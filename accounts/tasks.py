"""Jobs of the accounts: what leaves a request to the job worker, and what keeps the jobs themselves going."""

from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status

from accounts.mail import bounces, delivery, outbox

# A job that takes its worker down each time is not the worker's fault.
MOST_REVIVALS = 10
HOURS_KEPT = 48


@app.task(queue="mail", lock="mail", queueing_lock=outbox.NOW, pass_context=True)
def deliver(context: JobContext) -> None:
    """Deliver what is queued, one delivery at a time; what may leave later is left to a job of that time."""
    if again := delivery.deliver(stopping=context.should_abort):
        outbox.wake(again)


@app.periodic(cron="* * * * *")
@app.task(queue="mail", queueing_lock="look for mail")
def look_for_mail(timestamp: int) -> None:
    """Wake the delivery when something is due: a raised rate, or a process killed before it could ask for one."""
    again = delivery.next_departure()
    if again and again <= timezone.now():
        outbox.wake()


@app.periodic(cron="* * * * *")
@app.task(queue="jobs", queueing_lock="revive", pass_context=True)
async def revive(context: JobContext, timestamp: int) -> None:
    """Queue the jobs anew whose worker has died; every job of ours may run twice.

    They would stay "doing" for ever otherwise, and keep what they hold a lock on from everybody else.
    """
    for job in await context.app.job_manager.get_stalled_jobs():
        await revive_one(context, job)


async def revive_one(context: JobContext, job: Job) -> None:
    """Queue one job anew, or end it: when it has died too often, or one waits already that does the same."""
    manager = context.app.job_manager
    try:
        if job.attempts < MOST_REVIVALS:
            await manager.retry_job(job)
            return
    except UniqueViolation:  # its queueing lock: the job that waits does its work
        pass
    except ConnectorException:
        if await manager.get_job_status_async(job_id=job.id or 0) == Status.DOING:
            raise
        return  # it has just ended: its worker was slow, and not dead
    await manager.finish_job(job, status=Status.FAILED, delete_job=False)


@app.periodic(cron="43 * * * *")
@app.task(queue="jobs", queueing_lock="forget old jobs", pass_context=True)
async def forget_old_jobs(context: JobContext, timestamp: int) -> None:
    """Delete the rows of jobs that ended well some days ago; those that failed stay to be looked at."""
    await context.app.job_manager.delete_old_jobs(nb_hours=HOURS_KEPT)


@app.periodic(cron="*/5 * * * *")
@app.task(queue="mail", lock="bounces", queueing_lock="read bounces")
def read_bounces(timestamp: int) -> None:
    """Read the mailbox to which undeliverable mail comes back, where there is one."""
    bounces.read_mailbox()
