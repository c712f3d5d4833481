package bench

import "testing"

func TestSections(t *testing.T) {
	const page = "# Page\n\ntop\n\n## One\n\nfirst\n\n## Two\n\nsecond\n"
	for _, c := range []struct{ section, want string }{
		{"## One\n\nnew\n", "# Page\n\ntop\n\n## One\n\nnew\n\n## Two\n\nsecond\n"},
		{"## Two\n\nnew\n", "# Page\n\ntop\n\n## One\n\nfirst\n\n## Two\n\nnew\n"},
		{"## Three\n\nnew\n", page + "\n## Three\n\nnew\n"},
		{"", page},
	} {
		got := WithSection(page, c.section)
		if got != c.want {
			t.Errorf("with %q:\n%s", c.section, got)
		}
		if again := WithSection(got, c.section); again != got {
			t.Errorf("a second time differs:\n%s", again)
		}
	}
	if got := Section(page, "## None"); got != "" {
		t.Errorf("a section that is not there: %q", got)
	}
}
