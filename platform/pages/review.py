"""The review that a draft can be submitted to: by another editor or an operator.

Wagtail brings a workflow whose reviewers are a group that this site does not have.
"""

from django.contrib.auth.models import Group
from wagtail.models import GroupApprovalTask, Page, Workflow, WorkflowPage, WorkflowTask

from accounts import roles

NAME = "审阅"
WAGTAILS_OWN = "Moderators approval"


def setup(root: Page) -> None:
    """Made if it is missing; what the site's people changed of it stays."""
    task = _of(GroupApprovalTask)
    # On the first day roles.sync() may yet have to remove Wagtail's own groups.
    if not task.groups.exclude(name__in=roles.WAGTAILS_OWN).exists():
        task.groups.set(
            Group.objects.get_or_create(name=role)[0] for role in (roles.EDITOR, roles.OPERATOR)
        )
    workflow = _of(Workflow)
    if not workflow.workflow_tasks.exists():
        WorkflowTask.objects.create(workflow=workflow, task=task, sort_order=0)
    if not WorkflowPage.objects.exists():
        WorkflowPage.objects.create(workflow=workflow, page=root)


def _of(model: type[GroupApprovalTask] | type[Workflow]) -> GroupApprovalTask | Workflow:
    found = model.objects.filter(name=WAGTAILS_OWN).first() or model.objects.first()
    if found is None:
        return model.objects.create(name=NAME, active=True)
    if found.name == WAGTAILS_OWN:
        found.name = NAME
        found.save(update_fields=["name"])
    return found
