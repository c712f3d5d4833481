package house

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// importsFile holds the permitted edges.
const importsFile = "internal/house/imports.txt"

// permittedImports: an edge inside the module must be listed.
func permittedImports(t *tree) (bad []string) {
	text, err := fs.ReadFile(t.all, importsFile)
	if err != nil {
		return []string{err.Error()}
	}
	allowed, bad := parseImports(string(text))
	for _, f := range t.production() {
		may, listed := allowed[f.room()]
		if !listed {
			bad = append(bad, t.at(f.ast.Package, "the room %s has no line in %s: open it there, with what it may import",
				f.room(), importsFile))
			continue
		}
		for _, spec := range f.ast.Imports {
			to, ours := strings.CutPrefix(imported(spec), module+"/")
			switch {
			case !ours:
			case forTests(to):
				bad = append(bad, t.at(spec.Pos(), "%s is for tests only", to))
			case !slices.Contains(may, room(to)) && !slices.Contains(may, "*"):
				bad = append(bad, t.at(spec.Pos(), "%s may not import %s: move the code, or permit the edge in %s",
					f.room(), room(to), importsFile))
			}
		}
	}
	return bad
}

// parseImports reads lines such as "room: other, another  # reason". What a line
// permits must stand on a line above it, so that no two rooms permit each other.
func parseImports(text string) (allowed map[string][]string, bad []string) {
	allowed = map[string][]string{"gen": nil}
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		from, list, ok := strings.Cut(line, ":")
		if _, twice := allowed[from]; twice || !ok {
			bad = append(bad, fmt.Sprintf("%s:%d: want one line \"room: other, another\" for each room", importsFile, i+1))
			continue
		}
		may := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
		for _, to := range may {
			if _, above := allowed[to]; to != "*" && !above {
				bad = append(bad, fmt.Sprintf("%s:%d: %s is not a room above %s", importsFile, i+1, to, from))
			}
		}
		allowed[from] = may
	}
	return allowed, bad
}

// TestLawsOfTheList holds what no edit of the list may change.
func TestLawsOfTheList(t *testing.T) {
	tr, err := load(repository())
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(tr.all, importsFile)
	if err != nil {
		t.Fatal(err)
	}
	allowed, bad := parseImports(string(text))
	for _, complaint := range append(bad, breaches(allowed)...) {
		t.Error(complaint)
	}
	broken := map[string][]string{"api": {"db", "connector/acme"}, "connector/acme": {"db", "connector/sandbox"}, "id": {"money", "db"}}
	if got := breaches(broken); len(got) != 5 {
		t.Errorf("five breaches made, %d found: %q", len(got), got)
	}
}

// breaches names edges that the list permits against the laws of ARCHITECTURE.md.
func breaches(allowed map[string][]string) (bad []string) {
	ground := []string{"fault", "clock", "id", "money", "card"}
	for from, may := range allowed {
		for _, to := range may {
			why := ""
			switch {
			case slices.Contains(ground, from) && !slices.Contains(ground, to):
				why = "ground rests on ground"
			case from == "api" && (to == "db" || strings.HasPrefix(to, "connector/")):
				why = "a door never opens the database or one connector"
			case strings.HasPrefix(from, "connector/") && (to == "db" || strings.HasPrefix(to, "connector/")):
				why = "a connector knows neither the database nor another connector"
			}
			if why != "" {
				bad = append(bad, fmt.Sprintf("%s permits %s to import %s: %s", importsFile, from, to, why))
			}
		}
	}
	return bad
}
