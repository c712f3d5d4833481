package fault

import "maps"

// stored is what the server says it has, read through the public API.
type stored struct {
	payments  []shown
	refunds   []shown
	events    []happening // nil: not read
	wallet    int64       // balance of the sandbox's wallet
	available int64       // of the merchant
	trial     map[string]int64
}

// happening is what the verdict needs of an event.
type happening struct {
	ID       string `json:"id"`
	Sequence int64  `json:"sequence"`
	Type     string `json:"type"`
	Data     struct {
		Payment *struct {
			ID string `json:"id"`
		} `json:"payment"`
		Refund *struct {
			ID string `json:"id"`
		} `json:"refund"`
	} `json:"data"`
}

func (h happening) object() string {
	switch {
	case h.Data.Payment != nil:
		return h.Data.Payment.ID
	case h.Data.Refund != nil:
		return h.Data.Refund.ID
	}
	return ""
}

// read takes stock. Nothing may be under way meanwhile, or the parts differ.
func read(c *api, withEvents bool) (s stored, err error) {
	byID := func(v shown) string { return v.ID }
	if s.payments, err = list(c, "/v1/payments", byID); err != nil {
		return s, err
	}
	if s.refunds, err = list(c, "/v1/refunds", byID); err != nil {
		return s, err
	}
	if withEvents {
		if s.events, err = list(c, "/v1/events", func(h happening) string { return h.ID }); err != nil {
			return s, err
		}
	}
	return s, s.readBalances(c)
}

func (s *stored) readBalances(c *api) error {
	var wallet shown
	if err := c.get("/v1/wallets/"+c.world.Wallet, &wallet); err != nil {
		return err
	}
	var merchant struct {
		Lines []struct {
			Currency  string `json:"currency"`
			Available int64  `json:"available"`
		} `json:"lines"`
	}
	if err := c.get("/v1/merchants/"+c.world.Merchant+"/balance", &merchant); err != nil {
		return err
	}
	var trial struct {
		Lines []struct {
			Purpose string `json:"purpose"`
			Debit   int64  `json:"debit"`
			Credit  int64  `json:"credit"`
		} `json:"lines"`
	}
	if err := c.get("/v1/trial_balance", &trial); err != nil {
		return err
	}
	s.wallet, s.trial = wallet.Balance, map[string]int64{}
	for _, l := range merchant.Lines {
		s.available += l.Available
	}
	for _, l := range trial.Lines {
		s.trial[l.Purpose] += l.Credit - l.Debit
	}
	return nil
}

// pending counts the payments and refunds whose outcome is open.
func (s *stored) pending() (n int) {
	for _, v := range s.payments {
		if v.state() == "processing" {
			n++
		}
	}
	for _, v := range s.refunds {
		if v.state() == "pending" {
			n++
		}
	}
	return n
}

// clone is a copy that a control may spoil.
func (s stored) clone() stored {
	s.payments = append([]shown(nil), s.payments...)
	s.refunds = append([]shown(nil), s.refunds...)
	s.events = append([]happening(nil), s.events...)
	s.trial = maps.Clone(s.trial)
	return s
}
