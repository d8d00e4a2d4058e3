"""What the site holds about a person outside this app's reach: Wagtail's and allauth's tables,
and this floor's own. Each floor above registers its own in the same way (see accounts.privacy)."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.privacy import hold, refuse_when
from accounts.roles import is_last_operator

STAFF_WORK = _("What you did as staff stays in the history of the pages, without your name.")
LAW = _("What you agreed to and when stays, as the law asks us to be able to show it.")

hold("accounts.Consent", "user", erase="keep", export=("kind", "version", "at"), stays=LAW)
hold(
    "accounts.OutboxMessage",
    "user",
    erase="delete",
    export=("to", "subject", "text", "created_at", "sent_at"),
)
hold("accounts.SavedFilter", "owner", erase="delete", export=("listing", "name", "query"))
hold("accounts.Deletion", "user", erase="keep")
hold("accounts.User_groups", "user", erase="delete", export=("group__name",))
hold("accounts.User_user_permissions", "user", erase="delete")
hold("account.EmailAddress", "user", erase="delete", export=("email", "verified", "primary"))
hold("mfa.Authenticator", "user", erase="delete", export=("type", "created_at", "last_used_at"))
hold(
    "usersessions.UserSession",
    "user",
    erase="delete",
    export=("created_at", "ip", "last_seen_at", "user_agent"),
)
hold(
    "wagtailusers.UserProfile",
    "user",
    erase="delete",
    export=("preferred_language", "current_time_zone"),
)
hold("wagtailcore.APIToken", "user", erase="delete", export=("name", "created", "last_used_at"))
hold("wagtailadmin.EditingSession", "user", erase="delete")
hold("wagtailadmin.FormState", "user", erase="delete")
hold("wagtailcore.PageSubscription", "user", erase="delete", export=("page_id",))
hold("wagtailcore.Comment", "user", erase="keep", stays=STAFF_WORK)
hold("wagtailcore.Comment", "resolved_by", erase="keep")
hold("wagtailcore.CommentReply", "user", erase="keep")
hold("wagtailcore.Page", "owner", erase="keep")
hold("*", "locked_by", erase="detach")
hold("wagtailcore.Revision", "user", erase="keep", stays=STAFF_WORK)
hold("wagtailcore.WorkflowState", "requested_by", erase="keep")
hold("wagtailcore.TaskState", "finished_by", erase="keep")
hold("wagtailcore.PageLogEntry", "user", erase="keep")
hold("wagtailcore.ModelLogEntry", "user", erase="keep")
hold("wagtailcore.UploadedFile", "uploaded_by_user", erase="delete")
hold("*", "uploaded_by_user", erase="keep")


def _somebody_must_run_the_site(user: User) -> str | None:
    if is_last_operator(user):
        return str(_("You are the only operator. Make another one first, then delete the account."))
    return None


refuse_when(_somebody_must_run_the_site)
