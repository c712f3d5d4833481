package web

import (
	"net/http"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

// linked is a payer that somebody is.
type linked struct {
	identity.Link
	Name string // of the merchant
}

func showPayers(v *visit) error { return v.payers(nil) }

func (v *visit) payers(problem error) error {
	links, err := v.site.Identity.PayersOf(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	list := make([]linked, len(links))
	for i, l := range links {
		name, err := v.merchantName(v.r.Context(), l.Merchant)
		if err != nil {
			return err
		}
		list[i] = linked{l, name}
	}
	return v.open("payers", list, problem)
}

// redeemClaim makes the person the payer that a merchant's code is for.
func redeemClaim(v *visit) error {
	_, err := v.site.Identity.RedeemClaim(v.r.Context(), v.session, v.field("code"), v.browser())
	if err != nil && status(err) < http.StatusInternalServerError && status(err) != http.StatusUnauthorized {
		return v.payers(err)
	}
	if err != nil {
		return err
	}
	v.redirect("/me/payers")
	return nil
}

// unlinkPayer gives a payer profile up. What the person allowed for it ends first: who
// gets the profile next has allowed nothing.
func unlinkPayer(v *visit) error {
	payer := id.Payer(v.r.PathValue("payer"))
	if !id.Valid(payer) {
		return fault.ErrNotFound
	}
	if err := v.endGrants(payer); err != nil {
		return err
	}
	if err := v.site.Identity.Unlink(v.r.Context(), v.session, payer, v.browser()); err != nil {
		return err
	}
	v.redirect("/me/payers")
	return nil
}
