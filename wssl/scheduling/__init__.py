"""Many runs: their order and progress, in processes of this machine or on others."""
