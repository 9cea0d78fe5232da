    $Environment = {{ graph_environment | ps }}
{% if delegated_organization %}
    # The customer whose directory a partner works on.
    $Tenant = {{ delegated_organization | ps }}
{% else %}
    $Tenant = {{ tenant | ps }}
{% endif %}
    # Each is the id of a resource and the value of one of its permissions. Their ids are looked up below, by these values.
    $Permissions = @({% for word in permissions %}{{ word | ps }}{% if not loop.last %}, {% endif %}{% endfor %})
{% if person %}
    $Redirects = @({% for address in redirects %}{{ address | ps }}{% if not loop.last %}, {% endif %}{% endfor %})
{% endif %}
