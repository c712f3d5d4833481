package identity_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

// TestWhoMayDoWhat is the table for people to read; s is an act that needs a step-up.
func TestWhoMayDoWhat(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s %s", "act", "fresh")
	for _, role := range identity.Roles {
		fmt.Fprintf(&b, " %-9s", role)
	}
	b.WriteByte('\n')
	for _, act := range identity.Acts() {
		mark := map[bool]string{true: "s", false: "-"}[identity.NeedsStepUp(act)]
		fmt.Fprintf(&b, "%-20s %-5s", act, mark)
		for _, role := range identity.Roles {
			fmt.Fprintf(&b, " %-9s", map[bool]string{true: "yes", false: "-"}[identity.Can(role, act)])
		}
		b.WriteByte('\n')
	}
	got := strings.ReplaceAll(b.String(), " \n", "\n")
	for strings.Contains(got, " \n") {
		got = strings.ReplaceAll(got, " \n", "\n")
	}
	golden := filepath.Join("testdata", "can.golden")
	if os.Getenv("FLORIN_UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("the table is not %s (%v). If that is meant, run make golden and read the difference:\n%s", golden, err, got)
	}
	if identity.Can(identity.Owner, "everything") || identity.Can("king", identity.SeePayments) {
		t.Error("what is not in the table is allowed")
	}
}

// strong signs somebody up who has an app, with a session that is fresh.
func (w *world) strong(login string) (identity.Person, identity.Session) {
	w.Helper()
	p, in := w.ada(login)
	w.enroll(&in)
	return p, w.again(in.Cookie)
}

// again reads a session anew.
func (w *world) again(cookie string) identity.Session {
	w.Helper()
	s, err := w.Authenticate(w.Context(), cookie)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) appoint(p identity.Person, merchant id.Merchant, role identity.Role) {
	w.Helper()
	if err := w.Appoint(w.Context(), p.ID, merchant, role, browser); err != nil {
		w.Fatal(err)
	}
}

func TestRolesAreGivenByOwnersAndOperators(t *testing.T) {
	each(t, func(w *world) {
		operator, op := w.strong("operator@example.com")
		w.appoint(operator, "", identity.Operator)
		owner, own := w.strong("owner@example.com")
		admin, adm := w.strong("admin@example.com")
		bob, stranger := w.strong("bob@example.com")
		give := func(s identity.Session, to identity.Person, at id.Merchant, role identity.Role) error {
			return w.Give(t.Context(), s, to.ID, at, role, browser)
		}
		for _, step := range []struct {
			name string
			err  error
			want error
		}{
			{"an operator makes an owner", give(op, owner, cafe, identity.Owner), nil},
			{"an owner makes an admin", give(own, admin, cafe, identity.Admin), nil},
			{"an admin gives nothing", give(adm, bob, cafe, identity.ReadOnly), identity.ErrRoleMissing},
			{"an admin does not raise themself", give(adm, admin, cafe, identity.Owner), identity.ErrSelfRaised},
			{"an admin does not become another kind", give(adm, admin, cafe, identity.Developer), nil},
			{"nor comes back", give(adm, admin, cafe, identity.Admin), identity.ErrSelfRaised},
			{"an owner is nobody elsewhere", give(own, bob, bakery, identity.ReadOnly), fault.ErrNotFound},
			{"a stranger is told nothing", give(stranger, bob, cafe, identity.Owner), fault.ErrNotFound},
			{"an operator does not raise themself", give(op, operator, cafe, identity.Owner), identity.ErrSelfRaised},
			{"an owner makes no operator", give(own, bob, "", identity.Operator), fault.ErrNotFound},
			{"the last owner stays one", give(own, owner, cafe, identity.ReadOnly), identity.ErrLastOwner},
			{"also for an operator", w.Remove(t.Context(), op, owner.ID, cafe, browser), identity.ErrLastOwner},
			{"the last operator too", w.Remove(t.Context(), op, operator.ID, "", browser), identity.ErrLastOwner},
			{"a second owner", give(own, bob, cafe, identity.Owner), nil},
			{"then the first may go", w.Remove(t.Context(), own, owner.ID, cafe, browser), nil},
			{"and is nobody", give(own, bob, cafe, identity.ReadOnly), fault.ErrNotFound},
			{"somebody who is not there", w.Give(t.Context(), op, id.Derive[id.Person]("no"), cafe, identity.Owner, browser), fault.ErrNotFound},
		} {
			if step.want == nil && step.err != nil || step.want != nil {
				is(t, step.err, step.want, step.name)
			}
		}
		members, err := w.Staff(t.Context(), cafe)
		var got []string
		for _, m := range members {
			got = append(got, m.Login+" "+string(m.Role))
		}
		if want := []string{"admin@example.com developer", "bob@example.com owner"}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("the staff is %q, %v", got, err)
		}
		for _, live := range []bool{false, true} {
			want := []string{"appointed owner", "appointed admin", "changed developer", "appointed owner", "dismissed owner"}
			if got := w.told(cafe, live); !slices.Equal(got, want) {
				t.Errorf("told, live %t: %q", live, got)
			}
		}
		if err := w.Close(t.Context(), stranger, browser); fault.Of(err).Code != "person_in_use" {
			t.Errorf("an owner closed: %v", err)
		}
	})
}

// told is what the log says of a merchant's staff in one mode, oldest first.
func (w *world) told(merchant id.Merchant, live bool) (out []string) {
	w.Helper()
	list, _, err := event.NewLog(w.d).List(w.Context(), merchant, live, event.Filter{Page: db.Page{Limit: 100}})
	if err != nil {
		w.Fatal(err)
	}
	for _, e := range slices.Backward(list) {
		m, what := e.Data.GetStaffMember(), strings.TrimPrefix(e.Type, "staff_member.")
		if m.GetId() != e.Fact.Object || m.GetMerchant() != string(merchant) || m.GetLivemode() != live {
			w.Errorf("%s tells of %v", e.Type, m)
		}
		out = append(out, what+" "+m.GetRole())
	}
	return out
}

func TestRolesHaveTheirPlace(t *testing.T) {
	each(t, func(w *world) {
		p, _ := w.ada("ada@example.com")
		for _, c := range []struct {
			at   id.Merchant
			role identity.Role
			want string
		}{
			{"", identity.Owner, "/merchant invalid_merchant"}, {cafe, identity.Operator, "/merchant invalid_merchant"},
			{"mer_x", identity.Owner, "/merchant invalid_merchant"}, {cafe, "king", "/role invalid_role"},
		} {
			if err := w.Appoint(t.Context(), p.ID, c.at, c.role, browser); field(err) != c.want {
				t.Errorf("%s at %q: %v", c.role, c.at, err)
			}
		}
	})
}

// TestTheLastOwnerIsOneOfMany: two owners who leave at once leave one.
func TestTheLastOwnerIsOneOfMany(t *testing.T) {
	each(t, func(w *world) {
		var owners []identity.Person
		var all []identity.Session
		for i := range 6 {
			p, s := w.strong(fmt.Sprintf("owner%d@example.com", i))
			w.appoint(p, cafe, identity.Owner)
			owners, all = append(owners, p), append(all, s)
		}
		good, errs := atOnce(6, func(i int) error { return w.Remove(t.Context(), all[i], owners[i].ID, cafe, browser) })
		if good != 5 || len(errs) != 1 {
			t.Fatalf("%d of 6 owners left, %v", good, errs)
		}
		is(t, errs[0], identity.ErrLastOwner, "the last")
		if staff, err := w.Staff(t.Context(), cafe); len(staff) != 1 || err != nil {
			t.Errorf("%d are left, %v", len(staff), err)
		}
	})
}

func TestMaySaysWhoNow(t *testing.T) {
	each(t, func(w *world) {
		p, in := w.ada("ada@example.com")
		may := func(at id.Merchant, act identity.Act) error { return w.May(t.Context(), w.again(in.Cookie), at, act) }
		is(t, may(cafe, identity.SeePayments), fault.ErrNotFound, "no role")
		w.appoint(p, cafe, identity.Support)
		if err := may(cafe, identity.SeePayments); err != nil {
			t.Error("support sees payments:", err)
		}
		is(t, may(cafe, identity.RefundPayments), identity.ErrRoleMissing, "support refunds")
		is(t, may(bakery, identity.SeePayments), fault.ErrNotFound, "another merchant")
		is(t, may("", identity.ManageMerchants), fault.ErrNotFound, "the platform")
		w.appoint(p, cafe, identity.Finance)
		is(t, may(cafe, identity.SeePayments), identity.ErrStepUpNeeded, "finance by password alone")
		w.enroll(&in)
		if err := may(cafe, identity.RefundPayments); err != nil {
			t.Error("finance refunds, just after a proof:", err)
		}
		w.clock.move(identity.FreshFor)
		is(t, may(cafe, identity.RefundPayments), identity.ErrStepUpNeeded, "five minutes later")
		if err := may(cafe, identity.SeePayments); err != nil {
			t.Error("and sees:", err)
		}
		list, _, err := w.RecordsAt(t.Context(), cafe, db.Page{Limit: 10})
		if err != nil || len(list) != 2 || list[0].Kind != "role.given" || list[0].Object != "finance" || list[0].Person != p.ID {
			t.Errorf("the merchant's trail: %+v, %v", list, err)
		}
	})
}
