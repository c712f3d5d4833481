package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/connector/sandbox"
)

const scripts = "../script/*.txt"

// story is one script.
type story struct{ name, text string }

// stories reads the scripts, those that wait longest first: the others are told
// meanwhile.
func stories(t *testing.T) (list []story) {
	t.Helper()
	files, err := filepath.Glob(scripts)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", scripts, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, story{strings.TrimSuffix(filepath.Base(file), ".txt"), string(text)})
	}
	slices.SortStableFunc(list, func(a, b story) int { return b.patience() - a.patience() })
	return list
}

var waits = regexp.MustCompile(`(?m)^within (\d+)s`)

// patience is the seconds that the script would wait at most.
func (s story) patience() (seconds int) {
	for _, found := range waits.FindAllStringSubmatch(s.text, -1) {
		n, _ := strconv.Atoi(found[1]) // digits
		seconds += n
	}
	return seconds
}

// TestStories tells every script to one server per engine, each with a merchant of
// its own, and then holds the ledger that they share to account.
func TestStories(t *testing.T) {
	t.Parallel()
	list := stories(t)
	eachEngine(t, func(t *testing.T, at place) {
		s := dev(t, at)
		t.Run("told", func(t *testing.T) {
			for _, one := range list {
				t.Run(one.name, func(t *testing.T) {
					t.Parallel()
					tell(t, s, one.text)
				})
			}
		})
		s.Stop(t)
		at.verified(t)
	})
}

// TestEveryTestCardHasAStory: a card that the sandbox knows and no story uses is
// promised and not tried.
func TestEveryTestCardHasAStory(t *testing.T) {
	var all strings.Builder
	for _, one := range stories(t) {
		all.WriteString(one.text)
	}
	for _, c := range sandbox.Cards {
		if !strings.Contains(all.String(), `"`+c.Token+`"`) {
			t.Errorf("no story pays with %s: %s", c.Token, c.Meaning)
		}
		if !strings.Contains(all.String(), `"`+c.Number+`"`) {
			t.Errorf("no story pays with the number of %s: %s", c.Token, c.Meaning)
		}
	}
}
