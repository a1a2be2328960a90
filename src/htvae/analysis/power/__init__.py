"""How many subjects a study needs: effects planted into recordings of controls."""
