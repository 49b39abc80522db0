"""Sites that give probabilities: how each is asked (`fetch`) and what its replies say (`parse`)."""
