& {
    $ErrorActionPreference = 'Stop'
    # A stricter setting of this window must not end the script over a property that a module version does not have.
    Set-StrictMode -Off
{% if not ascii %}
    # The values hold letters beyond ASCII. Windows PowerShell reads a file without byte order mark in an old code page,
    # where such a letter can end a quoted value; in that case nothing below may run.
    if ({{ probe_letter | ps }} -cne [string][char]252) { throw 'This script was read in the wrong encoding. Paste it, or save it as UTF-8 with byte order mark.' }
{% endif %}
    #
    # --- Values -----------------------------------------------------------------------------
