package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

type triggerCommand struct {
	remote
	Type string `arg:"" help:"The event's type, such as payment.succeeded; 'list' shows all there are."`
}

// step is one call of a recipe. $1, $2 … stand for the ids that earlier calls gave.
type step struct {
	verb, path, body string
}

// Calls that more than one recipe begins with.
var (
	paysByCard  = step{"POST", "/v1/payments", `{"amount":1999,"currency":"USD","source":"tok_visa","reference":"florin trigger"}`}
	holdsByCard = step{"POST", "/v1/payments", `{"amount":1999,"currency":"USD","source":"tok_visa","capture":"manual","reference":"florin trigger"}`}
	makesPayer  = step{"POST", "/v1/payers", `{"name":"Florin Trigger"}`}
	makesWallet = step{"POST", "/v1/wallets", `{"payer":"$1","currency":"USD"}`}
	makesCard   = step{"POST", "/v1/cards", `{"card_number":"4242424242424242","expiry_date":"12/99"}`}
	makesKey    = step{"POST", "/v1/api_keys", `{"name":"florin trigger","scopes":["events:read"]}`}
	makesHook   = step{"POST", "/v1/webhook_endpoints", `{"url":"https://florin-trigger.example/hooks","types":["payment.expired"]}`}
	deletesHook = step{"DELETE", "/v1/webhook_endpoints/$1", ""}
	tops        = step{"POST", "/v1/wallets/$2/top_up", `{"amount":5000,"source":"tok_visa"}`}
)

// recipes say by which calls each type of event comes about.
var recipes = map[string][]step{
	"payment.created":           {paysByCard},
	"payment.succeeded":         {paysByCard},
	"payment.failed":            {{"POST", "/v1/payments", `{"amount":1999,"currency":"USD","source":"tok_insufficient_funds"}`}},
	"payment.authorized":        {holdsByCard},
	"payment.captured":          {holdsByCard, {"POST", "/v1/payments/$1/capture", `{"amount":1500,"more_to_come":true}`}},
	"payment.canceled":          {holdsByCard, {"POST", "/v1/payments/$1/cancel", `{}`}},
	"payment.action_required":   {{"POST", "/v1/payments", `{"amount":1999,"currency":"USD","source":"tok_authenticate"}`}},
	"refund.created":            {paysByCard, {"POST", "/v1/refunds", `{"payment":"$1","amount":500}`}},
	"refund.succeeded":          {paysByCard, {"POST", "/v1/refunds", `{"payment":"$1","amount":500}`}},
	"dispute.opened":            {{"POST", "/v1/payments", `{"amount":1999,"currency":"USD","source":"tok_disputed"}`}},
	"payer.created":             {makesPayer},
	"wallet.created":            {makesPayer, makesWallet},
	"wallet.limited":            {makesPayer, makesWallet, {"POST", "/v1/wallets/$2/limits", `{"limit_per_day":10000}`}},
	"wallet.sent":               {makesPayer, makesWallet, tops, {"POST", "/v1/payers", `{"name":"Florin Trigger"}`}, {"POST", "/v1/wallets", `{"payer":"$4","currency":"USD"}`}, {"POST", "/v1/wallets/$2/send", `{"to":"$5","amount":100}`}},
	"card.created":              {makesCard},
	"card.deleted":              {makesCard, {"DELETE", "/v1/cards/$1", ""}},
	"api_key.created":           {makesKey},
	"api_key.rotated":           {makesKey, {"POST", "/v1/api_keys/$1/rotate", `{"overlap_seconds":0}`}},
	"api_key.revoked":           {makesKey, {"POST", "/v1/api_keys/$1/revoke", `{}`}},
	"webhook_endpoint.created":  {makesHook, deletesHook},
	"webhook_endpoint.changed":  {makesHook, {"POST", "/v1/webhook_endpoints/$1", `{"description":"florin trigger"}`}, deletesHook},
	"webhook_endpoint.disabled": {makesHook, {"POST", "/v1/webhook_endpoints/$1", `{"status":"disabled"}`}, deletesHook},
	"webhook_endpoint.rotated":  {makesHook, {"POST", "/v1/webhook_endpoints/$1/rotate_secret", `{}`}, deletesHook},
	"webhook_endpoint.deleted":  {makesHook, deletesHook},
}

const triggerPatience = 90 * time.Second // some things happen later

// Run makes the calls and shows the events that came of them.
func (c *triggerCommand) Run(ctx context.Context, out io.Writer) error {
	names := slices.Sorted(maps.Keys(recipes))
	if c.Type == "list" {
		_, err := fmt.Fprintln(out, strings.Join(names, "\n"))
		return err
	}
	steps := recipes[c.Type]
	if steps == nil {
		return fmt.Errorf("there is no recipe for %s. There is one for:\n  %s", c.Type, strings.Join(names, "\n  "))
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(api.key, "fl_sandbox_") {
		return errors.New("events are triggered in the sandbox only: set " + keyVariable + " to a key that begins with fl_sandbox_")
	}
	since := &feed{client: api, after: -1}
	if err := since.begin(ctx); err != nil {
		return err
	}
	if err := cook(ctx, api, steps); err != nil {
		return err
	}
	return shown(ctx, api, since.after, c.Type, out)
}

// cook makes the calls.
func cook(ctx context.Context, api *client, steps []step) error {
	var ids []string
	for _, s := range steps {
		for i, id := range ids {
			name := "$" + strconv.Itoa(i+1)
			s.path, s.body = strings.ReplaceAll(s.path, name, id), strings.ReplaceAll(s.body, name, id)
		}
		var body []byte
		if s.body != "" {
			body = []byte(s.body)
		}
		a := api.do(ctx, s.verb, s.path, newKey(), body)
		var o struct {
			ID     string `json:"id"`
			Object string `json:"object_id"`
		}
		_ = json.Unmarshal([]byte(a.body), &o)
		switch {
		case a.status == 402: // a decline is an event, too
			o.ID = o.Object
		case a.status != 200:
			return fmt.Errorf("%s %s: HTTP %d: %s", s.verb, s.path, a.status, a.body)
		}
		ids = append(ids, o.ID)
	}
	return nil
}

// shown shows the events after a number, until one of the type has come.
func shown(ctx context.Context, api *client, after int64, kind string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, triggerPatience)
	defer cancel()
	found := false
	f := &feed{client: api, query: wanted{}.query(), after: after, says: func(string) {}}
	err := f.run(ctx, func(e told) error {
		if err := e.show(out, false); err != nil {
			return err
		}
		if found = e.Type == kind; found {
			return errReplayed
		}
		return nil
	})
	switch {
	case errors.Is(err, errReplayed):
		return nil
	case err == nil && !found:
		return fmt.Errorf("no %s came within %s", kind, triggerPatience)
	}
	return err
}
