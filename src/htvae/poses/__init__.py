"""What a pose is: sequences, landmark names, geometry. numpy alone."""
