package web

import (
	"net/http"

	"github.com/florinpay/florin/internal/id"
	"github.com/florinpay/florin/internal/identity"
)

// sessions are where somebody is signed in, and what happened lately.
type sessions struct {
	List    []identity.Session
	This    id.Session
	Records []identity.Record
}

// trail is what happened, as a table.
type trail struct {
	*visit
	Records []identity.Record
}

// Trail shows what happened.
func (v *visit) Trail(list []identity.Record) trail { return trail{v, list} }

const recordsShown = 20

func showSessions(v *visit) error {
	list, err := v.site.Identity.Sessions(v.r.Context(), v.person.ID)
	if err != nil {
		return err
	}
	records, _, err := v.site.Identity.Records(v.r.Context(), v.person.ID, identity.Page{Limit: recordsShown})
	if err != nil {
		return err
	}
	v.show(http.StatusOK, "sessions", sessions{list, v.session.ID, records})
	return nil
}

func endSession(v *visit) error {
	if err := v.site.Identity.EndSession(v.r.Context(), v.session, id.Session(v.r.PathValue("session")), v.browser()); err != nil {
		return err
	}
	v.redirect("/me/sessions")
	return nil
}

// endSessions signs out everywhere else, or everywhere.
func endSessions(v *visit) error {
	if v.field("which") != "all" {
		if err := v.site.Identity.EndOthers(v.r.Context(), v.session, v.browser()); err != nil {
			return err
		}
		v.redirect("/me/sessions")
		return nil
	}
	if err := v.site.Identity.EndAll(v.r.Context(), v.session, v.browser()); err != nil {
		return err
	}
	v.setCookie(sessionCookie, "", 0)
	v.redirect("/sign-in")
	return nil
}
