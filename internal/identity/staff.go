package identity

import (
	"context"
	"slices"

	"github.com/florinpay/florin/internal/db"
	"github.com/florinpay/florin/internal/event"
	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
)

// May says whether the acting person may do something at a merchant, "" for the
// platform, now: the role allows it, a strict role was proved by more than a password,
// and what is dangerous was stepped up to. Roles are read anew. Errors:
// fault.ErrNotFound to those who have nothing to do with the merchant, ErrRoleMissing,
// ErrStepUpNeeded.
func (r *Room) May(ctx context.Context, s Session, merchant id.Merchant, act Act) error {
	roles, err := r.RolesOf(ctx, s.Person)
	if err != nil {
		return err
	}
	roles = slices.DeleteFunc(roles, func(g Given) bool { return g.Merchant != merchant && g.Merchant != "" })
	if len(roles) == 0 {
		return fault.ErrNotFound
	}
	rule, _ := ruleOf(act) // an unknown act is nobody's
	roles = slices.DeleteFunc(roles, func(g Given) bool { return !slices.Contains(rule.roles, g.Role) })
	plain := slices.ContainsFunc(roles, func(g Given) bool { return !g.Role.Strict() })
	switch {
	case len(roles) == 0:
		return ErrRoleMissing
	case !plain && !s.ACR.Reaches(ByTwo), rule.fresh && !s.Fresh(r.clock.Now()):
		return ErrStepUpNeeded
	}
	return nil
}

// Give gives a person a role at a merchant, instead of the one they had there.
// Operators and the merchant's owners may, after a step-up. Errors: ErrSignedOut,
// ErrStepUpNeeded, ErrRoleMissing, ErrSelfRaised, ErrLastOwner; fault.ErrNotFound if
// there is no such active person; fault.ErrInvalid with the field.
func (r *Room) Give(ctx context.Context, s Session, to id.Person, merchant id.Merchant, role Role, b Browser) error {
	if err := checkPlace(merchant, role); err != nil {
		return err
	}
	return r.change(ctx, s, to, merchant, func(tx *db.Tx, a *actor, target personRow) error {
		was, had := roles.Get(tx, roleKey(to, merchant))
		if to == a.person.ID && (!had || raises(was.Role, role)) {
			return ErrSelfRaised
		}
		g := Given{to, merchant, role, a.person.ID, a.now}
		return give(tx, target, g, b, a.session.ID)
	})
}

// Appoint gives a role without anybody who gives it: for the operator's command line,
// which makes the first operator. Errors: fault.ErrNotFound if there is no such active
// person; fault.ErrInvalid with the field.
func (r *Room) Appoint(ctx context.Context, to id.Person, merchant id.Merchant, role Role, b Browser) error {
	if err := checkPlace(merchant, role); err != nil {
		return err
	}
	now := r.clock.Now()
	locks := []db.Lock{people.Lock(string(to)), roles.Lock(roleKey(to, merchant)), staffs.Lock(staffKey(merchant)), event.Lock()}
	err := r.db.Write(ctx, locks, func(tx *db.Tx) error {
		target, found := people.Get(tx, string(to))
		if !found || target.State != Active {
			return fault.ErrNotFound
		}
		return give(tx, target, Given{to, merchant, role, "", now}, b, "")
	})
	r.cache.forget(to)
	return err
}

// Dismiss ends a person's role without anybody who does: for the operator's command line.
// The last owner goes only when another is appointed. Errors: ErrLastOwner;
// fault.ErrNotFound.
func (r *Room) Dismiss(ctx context.Context, from id.Person, merchant id.Merchant, b Browser) error {
	if !id.Valid(from) || merchant != "" && !id.Valid(merchant) {
		return fault.ErrNotFound
	}
	locks := []db.Lock{people.Lock(string(from)), roles.Lock(roleKey(from, merchant)), staffs.Lock(staffKey(merchant)), event.Lock()}
	err := r.db.Write(ctx, locks, func(tx *db.Tx) error {
		target, _ := people.Get(tx, string(from))
		return end(tx, target, Record{At: r.clock.Now(), Person: from, Merchant: merchant}, b)
	})
	r.cache.forget(from)
	return err
}

// end takes the role of r's person at r's merchant away.
func end(tx *db.Tx, target personRow, r Record, b Browser) error {
	was, had := roles.Get(tx, roleKey(r.Person, r.Merchant))
	if !had {
		return fault.ErrNotFound
	}
	if err := recount(tx, r.Merchant, was.Role, ""); err != nil {
		return err
	}
	roles.Delete(tx, was.key())
	target.count(was.Role, -1)
	people.Update(tx, target)
	tell(tx, dismissed, was.Given, b, r.At)
	note(tx, r.At, b, Record{Kind: "role.ended", Result: fine, Person: r.Person, Actor: r.Actor, Merchant: r.Merchant, Object: string(was.Role), Session: r.Session})
	return nil
}

// Remove ends a person's role at a merchant. Operators and the merchant's owners may,
// after a step-up; anybody may give up their own. Errors: ErrSignedOut,
// ErrStepUpNeeded, ErrRoleMissing, ErrLastOwner; fault.ErrNotFound.
func (r *Room) Remove(ctx context.Context, s Session, from id.Person, merchant id.Merchant, b Browser) error {
	return r.change(ctx, s, from, merchant, func(tx *db.Tx, a *actor, target personRow) error {
		return end(tx, target, Record{At: a.now, Person: from, Merchant: merchant, Actor: a.person.ID, Session: a.session.ID}, b)
	})
}

// change runs fn with the target's row, if the acting person may change their role.
func (r *Room) change(ctx context.Context, s Session, target id.Person, merchant id.Merchant, fn func(*db.Tx, *actor, personRow) error) error {
	if !id.Valid(target) || merchant != "" && !id.Valid(merchant) {
		return fault.ErrNotFound
	}
	locks := []db.Lock{people.Lock(string(target)), staffs.Lock(staffKey(merchant)), roles.Lock(roleKey(target, merchant)),
		roles.Lock(roleKey(s.Person, merchant)), roles.Lock(roleKey(s.Person, "")), event.Lock()}
	err := r.act(ctx, s, locks, func(tx *db.Tx, a *actor) error {
		at, hasAt := roles.Get(tx, roleKey(s.Person, merchant))
		platform, isOperator := roles.Get(tx, roleKey(s.Person, ""))
		isOperator = isOperator && platform.Role == Operator
		switch {
		case !hasAt && !isOperator:
			return fault.ErrNotFound
		case !isOperator && at.Role != Owner && target != s.Person:
			return ErrRoleMissing
		case !a.session.Fresh(a.now):
			return ErrStepUpNeeded
		}
		row, found := people.Get(tx, string(target))
		if !found || row.State != Active {
			return fault.ErrNotFound
		}
		return fn(tx, a, row)
	})
	r.cache.forget(target)
	return err
}

// give writes the role in place of the one before.
func give(tx *db.Tx, target personRow, g Given, b Browser, session id.Session) error {
	was, had := roles.Get(tx, roleKey(g.Person, g.Merchant))
	if err := recount(tx, g.Merchant, was.Role, g.Role); err != nil {
		return err
	}
	kind := appointed
	if had {
		kind = changed
		target.count(was.Role, -1)
		roles.Update(tx, roleRow{g})
	} else {
		roles.Insert(tx, roleRow{g})
	}
	target.count(g.Role, 1)
	people.Update(tx, target)
	tell(tx, kind, g, b, g.GivenAt)
	note(tx, g.GivenAt, b, Record{Kind: "role.given", Result: fine, Person: g.Person, Actor: g.GivenBy, Merchant: g.Merchant, Object: string(g.Role), Session: session})
	return nil
}

// count keeps how many roles a person has.
func (p *personRow) count(role Role, by int64) {
	p.roles += by
	if role.Strict() {
		p.strictRoles += by
	}
}

// recount keeps how many owners a merchant has, or the platform operators. Error:
// ErrLastOwner if none were left.
func recount(tx *db.Tx, merchant id.Merchant, was, becomes Role) error {
	leads := func(r Role) bool { return r == Owner || r == Operator }
	if leads(was) == leads(becomes) {
		return nil
	}
	row, found := staffs.Get(tx, staffKey(merchant))
	row.key = staffKey(merchant)
	if leads(becomes) {
		row.owners++
	} else if row.owners--; row.owners < 1 {
		return ErrLastOwner
	}
	if found {
		staffs.Update(tx, row)
	} else {
		staffs.Insert(tx, row)
	}
	return nil
}

// checkPlace: Operator is of the platform, and nothing else is. Error: fault.ErrInvalid
// with the field.
func checkPlace(merchant id.Merchant, role Role) error {
	switch {
	case !slices.Contains(Roles, role):
		return fault.ErrInvalid.WithField("/role", "invalid_role", "Send owner, admin, finance, support, developer or read_only, or operator for the platform.")
	case (merchant == "") != (role == Operator), merchant != "" && !id.Valid(merchant):
		return fault.ErrInvalid.WithField("/merchant", "invalid_merchant", "Send the merchant of the role; none for an operator.")
	}
	return nil
}

// RolesOf lists a person's roles, that of the platform first, then by merchant.
func (r *Room) RolesOf(ctx context.Context, person id.Person) ([]Given, error) {
	return r.given(ctx, byPerson, string(person))
}

// Staff lists who has a role at a merchant, "" for the platform, in the order in which
// they signed up.
func (r *Room) Staff(ctx context.Context, merchant id.Merchant) ([]Member, error) {
	list, err := r.given(ctx, byMerchant, string(merchant))
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(list))
	for i, g := range list {
		keys[i] = string(g.Person)
	}
	known, err := r.some(ctx, keys)
	if err != nil {
		return nil, err
	}
	members := make([]Member, len(list))
	for i, g := range list {
		p := known[g.Person]
		members[i] = Member{g, p.Login, p.Name}
	}
	return members, nil
}

func roleKey(person id.Person, merchant id.Merchant) string {
	return string(person) + "|" + string(merchant)
}

// staffKey names who leads a merchant, or the platform.
func staffKey(merchant id.Merchant) string {
	if merchant == "" {
		return "platform"
	}
	return string(merchant)
}
