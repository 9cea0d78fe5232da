{% if registers and role %}
# The way is RBAC for Applications: a role within Exchange, whose scope is this one mailbox. It needs no permission of Entra
# and no right on the mailbox. A permission of Entra for the same thing would reach past the scope (for SMTP, it makes
# Exchange ask for FullAccess instead): take such a permission away. A role can take two hours to work.
{% elif registers %}
# The way is the classic one that Microsoft documents: a permission of Entra with admin consent, and FullAccess to this one
# mailbox, by which the application can also read it. The other way, for SMTP, is the Exchange role 'Application
# SMTP.SendAsApp' (RBAC for Applications, --way rbac), which needs neither this right nor the Entra permission.
{% elif person %}
# A person signs in, so the application needs no entry in Exchange and no right of its own: only switches are set.
{% elif ews %}
# The way is the classic one: the permission full_access_as_app of Entra, which reaches EVERY mailbox. Exchange then only has
# switches. RBAC for Applications (--way rbac) limits the application to one mailbox; --way policy limits the permission.
{% endif %}
{% if ews %}
# EWS ends on 1 April 2027. Until then it serves the applications on a list. Microsoft Graph is the way on.
{% endif %}
