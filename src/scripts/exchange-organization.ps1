    $Environment = {{ environment | ps }}
    $Tenant = {{ tenant | ps }}
{% if delegated_organization %}
    # The customer whose organization a partner works on.
    $DelegatedOrganization = {{ delegated_organization | ps }}
{% endif %}
