{% if prior %}
    $PriorLine = {{ prior | ps }}
{% else %}
    # Put the line that setup printed in place of the line between the two quote marks. It may be wrapped; no line may be indented.
    $PriorLine = @'
PUT THE LINE HERE
'@
{% endif %}
