
var maskinporten-commands = $edit:completion:arg-completer[maskinporten]
set edit:completion:arg-completer[maskinporten] = {|@words|
    var before = $words[-2]
    if (eq $before --profile) {
        try { e:maskinporten __profiles 2>/dev/null | from-lines } catch _ { }
    } elif (eq $before --env) {
        put ENVIRONMENTS
    } elif (has-value [--config -k -j FILES] $before) {
        edit:complete-filename $words[-1]
    } else {
        $maskinporten-commands $@words
    }
}
