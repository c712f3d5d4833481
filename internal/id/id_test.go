package id_test

import (
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/florinpay/florin/internal/id"
)

func TestNewSortsByTheOrderOfMaking(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var ids []string
	for range 10_000 {
		ids = append(ids, string(id.New[id.Payment](now)))
	}
	if !sort.StringsAreSorted(ids) {
		t.Error("ids made one after another do not sort")
	}
	later := string(id.New[id.Payment](now.Add(time.Minute)))
	if later < ids[len(ids)-1] {
		t.Errorf("%s, made a minute later, sorts before %s", later, ids[len(ids)-1])
	}
	seen := map[string]bool{}
	for _, s := range ids {
		if seen[s] {
			t.Fatalf("%s was made twice", s)
		}
		seen[s] = true
	}
}

func TestValidAcceptsOnlyItsOwnForm(t *testing.T) {
	good := id.New[id.Payment](time.Now())
	if !id.Valid(good) {
		t.Errorf("Valid(%s) = false", good)
	}
	for _, bad := range []id.Payment{"", "pay_", "pay_1", "ref" + good[3:], good + "0",
		id.Payment(strings.ToUpper(string(good))), "pay_8" + good[5:], good[:29] + "u"} {
		if id.Valid(bad) {
			t.Errorf("Valid(%q) = true", bad)
		}
	}
	if !id.Has[id.Wallet]("wal_x") || id.Has[id.Wallet]("card_x") || id.Has[id.Wallet]("wal") {
		t.Error("Has mistakes a prefix")
	}
}

func TestDeriveIsAFunctionOfItsParts(t *testing.T) {
	a := id.Derive[id.Account]("mer_1", "balance", "USD")
	if b := id.Derive[id.Account]("mer_1", "balance", "USD"); a != b {
		t.Errorf("same parts gave %s and %s", a, b)
	}
	if b := id.Derive[id.Account]("mer_1balance", "", "USD"); a == b {
		t.Error("parts that join to the same text gave the same id")
	}
	if !id.Valid(a) {
		t.Errorf("%s is not valid", a)
	}
}

func TestIdsLieBetweenTheInstantsTheyWereMadeAt(t *testing.T) {
	at := time.Date(2027, 1, 2, 3, 4, 5, 678_901_000, time.UTC)
	var made []id.Payment
	for range 5000 { // the later ones run ahead of the clock
		made = append(made, id.New[id.Payment](at))
	}
	made = append(made, id.New[id.Payment](at.Add(-900*time.Millisecond))) // the clock stepped back
	over, under := id.Between[id.Payment](at.Add(-900*time.Millisecond), at)
	for _, p := range made {
		if p <= over || p >= under {
			t.Fatalf("%s is not between %s and %s", p, over, under)
		}
	}
	if over, _ := id.Between[id.Payment](at.Add(10*time.Second), time.Time{}); made[0] > over {
		t.Errorf("%s is over %s, ten seconds later", made[0], over)
	}
	if _, under := id.Between[id.Payment](time.Time{}, at.Add(-10*time.Second)); made[0] < under {
		t.Errorf("%s is under %s, ten seconds earlier", made[0], under)
	}
	if over, under := id.Between[id.Payment](time.Time{}, time.Time{}); over != "" || under != "" {
		t.Errorf("no instants give %q and %q", over, under)
	}
}
