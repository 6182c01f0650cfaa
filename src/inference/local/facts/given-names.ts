// Common given names of several languages: with a capitalised word after it, one of these is taken for a person's name.

const list = `Aaron Adam Ahmed Aisha Alan Albert Alejandro Alessandro Alex Alexander Alexandra Ali Alice Amanda Amy Ana Andrea Andreas Andrei Andrew
  Andrzej Angela Anita Anja Anna Anne Annika Anthony Anton Antonio Armin Arthur Barbara Barry Beatrice Ben Benjamin Bernd Bernhard Bill Birgit Bob
  Brad Brandon Brenda Brett Brian Bruce Bruno Cameron Carl Carla Carlos Carmen Carol Caroline Catherine Charles Charlotte Chen Chiara Chloe Chris
  Christian Christina Christine Christoph Christopher Claire Clara Claudia Claus Craig Cristina Dan Daniel Daniela Daniele Dave David Deborah Denis
  Dennis Diana Diego Dieter Dirk Dmitri Dominik Donald Donna Doris Dorothy Douglas Edward Elena Elisabeth Elizabeth Ella Emily Emma Eric Erik Erika
  Ernst Eva Fatima Federico Felix Fernando Florian Francesca Francesco Francis Francois François Frank Franz Fred Frederick Friedrich Gabriel
  Gabriele Gary Georg George Georgia Gerald Gerhard Giorgio Giovanni Giulia Gisela Grace Graham Greg Gregory Guido Guillaume Gustav Hannah Hans
  Harold Heidi Heinrich Heinz Helen Helena Helga Helmut Henri Henrik Henry Herbert Hiroshi Howard Hugo Ian Igor Ingrid Irene Isabel Isabella Ivan
  Jack Jacob Jacques Jakob James Jan Jane Janet Jason Javier Jean Jeff Jeffrey Jennifer Jens Jeremy Jessica Jim Joan Joachim Joao João Joe Johann
  Johannes John Jonas Jonathan Jorge Jose José Josef Joseph Joshua Juan Judith Julia Julian Julie Juliette Jürgen Karen Karin Karl Kate Katharina
  Katherine Kathryn Kelly Ken Kenneth Kevin Kim Klaus Kristina Kurt Larry Lars Laura Lauren Lea Lena Leo Leonardo Lewis Liam Lily Linda Lisa Lorenzo
  Louis Louise Luca Lucas Lucia Luis Lukas Lukasz Łukasz Magdalena Manfred Manuel Marc Marcel Marco Marcus Margaret Maria María Marie Marina Mario
  Mariusz Mark Marko Markus Marta Martha Martin Martina Mary Mathias Matt Matteo Matthew Matthias Maurice Max Maximilian Melanie Melissa Mia Michael
  Michel Michele Michelle Miguel Mike Mohamed Mohammed Monica Monika Muhammad Nancy Natalie Natasha Nathan Neil Nicholas Nick Nicola Nicolas Nicole
  Niels Nikolai Nina Noah Nora Olaf Oliver Olivia Olga Omar Oscar Otto Pablo Pamela Paola Patricia Patrick Paul Paula Pauline Pavel Pedro Peter Petra
  Philip Philipp Pierre Piotr Priya Rachel Raj Rajesh Ralf Ralph Raymond Rebecca Regina Renate Richard Rita Rob Robert Roberto Robin Roger Roland
  Ronald Rosa Rudolf Russell Ruth Ryan Sabine Sally Sam Samantha Samuel Sandra Santiago Sara Sarah Scott Sean Sebastian Sergei Sergey Sergio Sharon
  Silvia Simon Simone Sofia Sophia Sophie Stefan Stefano Steffen Stephan Stephanie Stephen Steve Steven Stuart Sunil Susan Susanne Sven Sylvia Tanja
  Tatiana Ted Teresa Terry Theodor Theresa Thomas Tim Timothy Tobias Todd Tom Tomas Tony Tyler Ulrich Ursula Uwe Valentina Valerie Vanessa Vera
  Veronica Victor Viktor Vincent Vladimir Walter Wei Wendy Werner William Wolfgang Yan Yasmin Yuki Yusuf Yves Zhang Zoe`;

export const givenNames: ReadonlySet<string> = new Set(list.split(/\s+/));
